"""The living sample estate: agents and resource servers as processes of their own, over the public HTTP APIs.

Imports the client, the model and the web framework; never the server's internals and never its store.
"""
