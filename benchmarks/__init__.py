"""How fast Barometer is, stage by stage, as ratios to floors measured in the same run."""
