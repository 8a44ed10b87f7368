"""The commands: every act of the console for scripts, and for a phone over ssh. Imported by `__main__` only."""
