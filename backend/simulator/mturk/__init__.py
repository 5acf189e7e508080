"""A stand-in for Mechanical Turk: its JSON protocol over real sockets, its workers, its page around ours.

It says what MTurk's documents say and is held to botocore's model of the service. It is not MTurk: what passes here has
been checked against this package and nothing else. It knows nothing of studies; the word worker is the vendor's.
"""
