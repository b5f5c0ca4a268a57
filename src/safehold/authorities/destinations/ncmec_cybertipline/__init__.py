"""The CyberTipline of NCMEC: its words, a typed client, and the filing of a report call by call.

Never run against the real service. Source of the protocol: public client code of others, among it types
that were generated from the service's own schema (Boostport/ncmec-go), read on 2026-11-22.
"""
