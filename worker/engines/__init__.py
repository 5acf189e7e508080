"""The engines' room: what answers prompts is started, met and stopped here. Knows no study and no database."""
