"""The main job from end to end, as callers from outside see it."""
