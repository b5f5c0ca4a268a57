"""Outside anchors: places beyond this database's reach that keep the head of the audit log's chain."""
