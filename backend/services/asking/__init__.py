"""Questions to engines: the jobs that ask them, the answers, stored, and the systems made of them."""
