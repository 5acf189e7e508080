"""The verbs: functions that take a session first. They never commit and never see HTTP."""
