"""Survey deliveries: verify, decode and normalise them; one module for each tool."""
