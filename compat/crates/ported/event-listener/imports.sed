# A fence in inline assembly cannot be seen: the one beside it is taken.
s/any\(target_arch = "x86", target_arch = "x86_64"\)/any()/
