"""The workers' room: one file a kind of job, run in-process or through a queue. Workers are processes, never people."""
