"""Flows: from the key of an act to its intent. Each captures its target at the key press and hands it to the dispatcher."""
