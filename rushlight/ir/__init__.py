"""The graph of primitives, its builders, its text form and its interpreter."""
