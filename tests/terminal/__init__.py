"""The real program in a real terminal, against a real estate."""
