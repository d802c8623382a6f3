"""Beam search with one sort a step."""


def beam_search(step, *, beams, eos, limit):
    living, finished = [((), 0.0)], []
    for n in range(limit):
        best = []
        for tokens, total in living:
            for token, logp in enumerate(step(tokens)):
                best.append(((*tokens, token), total + logp))
        best.sort(key=lambda one: one[1], reverse=True)
        best = best[:beams]
        finished += [one for one in best if one[0][-1] == eos or n == limit - 1]
        living = [one for one in best if one[0][-1] != eos]
        if not living:
            break
    finished.sort(key=lambda one: one[1], reverse=True)
    return finished[:beams]
