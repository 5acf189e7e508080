"""BLEU between texts, and who is nearest to whom by it: exactly, over all pairs. Knows no file and no command.

From the bottom: tokens (a text's words), scoring (the measure of two texts), grams and texts (which n-grams each text
has), keys (scores and bounds as numbers to compare), core and sparse (looking at all pairs of some rows), search
(one text's nearest of many), then what is told of it: diversity, leakage, containment.
"""
