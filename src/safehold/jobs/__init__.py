"""The only home of queued work: recording events, running their steps, and periodic sweeps."""
