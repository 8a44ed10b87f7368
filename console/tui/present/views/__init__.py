"""One module a view: the console's rows in, cells and sentences out. Pure; imported by `tui.ui` only."""
