"""Tell the law: what is reported where, and the filing of it, once, in time, with proof."""
