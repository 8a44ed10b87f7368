"""Both HTTP APIs: routes, who may call them, errors, the event feed, and the server that carries them."""
