"""The engine of the death suite: a workload that notes what it was answered, a killer with a seeded plan,
and an inspector that asks afterwards whether every answer is still true.

- `mother`: a script; it has everything imported and forks a real `safehold` command for each life.
- `lives`: starts, finds and kills processes, by the process table and never by name.
- `platform_side`: what platforms and analysts do meanwhile, and what they were answered.
- `inspector`: the invariants, asked of the records, the store and the disk.
- `campaign`: one data folder, many deaths, in an order that a seed decides.
"""
