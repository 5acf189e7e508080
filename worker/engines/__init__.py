"""Whatever answers prompts: servers that speak OpenAI's interface, small models in this process, an echo."""
