"""Simulated people and vendors that speak over real sockets. They know only what a real one would see."""
