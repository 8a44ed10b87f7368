"""The law of the house: shapes, state machines and digests, as pure values. Anyone may import it; it imports nobody."""
