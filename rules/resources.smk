# What a job asks of the machine: memory, time and GPUs. Each rule says how much; profiles say what the machine has.
import math


def time_limit(minutes):
    """A job's time limit (minutes, or a function of the wildcards).

    It grows with every attempt, up to the machine's ``longest_job``.
    """

    def limit(wildcards, attempt):
        estimate = minutes(wildcards) if callable(minutes) else minutes
        return min(attempt * estimate, MAIN.longest_job or math.inf)

    return limit


def cpu(mem_mb, minutes):
    """Resources of a job without a GPU: memory (MB) and time (minutes); either may be a function of the wildcards."""
    return {"mem_mb": mem_mb, "runtime": time_limit(minutes), "gpu": 0}


def gpu(mem_mb, minutes):
    """Resources of a job that uses a GPU where the configuration has one (``device: cuda``)."""
    return {**cpu(mem_mb, minutes), "gpu": 1 if MAIN.device == "cuda" else 0}
