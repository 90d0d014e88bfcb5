"""How often an assessor is right: agreement with labels, beside baselines, with intervals."""
