"""What would an antagonist do: the four tiers, each under its own name."""
