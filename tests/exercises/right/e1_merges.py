"""Merges by searching lists, unlike the package."""

from collections import Counter


def count_pairs(words):
    counts = Counter()
    for pieces, often in words.items():
        for i in range(1, len(pieces)):
            counts.update({(pieces[i - 1], pieces[i]): often})
    return counts


def merge(pieces, pair):
    joined, i = [], 0
    while i < len(pieces):
        if pieces[i : i + 2] == pair:
            joined.append("".join(pair))
            i += 2
        else:
            joined.append(pieces[i])
            i += 1
    return tuple(joined)


def learn(words, merges):
    split = {tuple(word): often for word, often in words.items()}
    learnt = []
    for _ in range(merges):
        counts = count_pairs(split)
        if not counts:
            break
        most = max(counts.values())
        best = max(pair for pair, often in counts.items() if often == most)
        split = {merge(pieces, best): often for pieces, often in split.items()}
        learnt.append(best)
    return learnt
