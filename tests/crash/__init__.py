"""Killing the plane between any two steps of its writer, under load, and holding what is left against what was acknowledged."""
