"""Widgets: they paint what they are given and report what was done to them; they decide nothing."""
