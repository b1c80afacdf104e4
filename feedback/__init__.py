"""Survey deliveries: verify, decode and normalise them; one module for each tool.

`providers.PROVIDERS` has every tool; `reading.configured` adds what one source's settings say.
Nothing here touches a database, the network, settings or a clock.
"""
