"""The server wing: the two APIs and what stands behind them. It never imports the console wing."""
