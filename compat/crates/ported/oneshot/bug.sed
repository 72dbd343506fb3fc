# a Relaxed: a message is not published with its state
s/^( *match channel\.state\(\)\.fetch_add\(1, )AcqRel\)/\1Acquire)/
