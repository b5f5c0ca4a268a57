"""The only home of media bytes: sealing, the reader, confined decoding, safe renditions."""
