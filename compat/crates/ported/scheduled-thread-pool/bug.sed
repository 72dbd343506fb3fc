# lost notify: a job is pushed and nobody is told
s/^( *)None => self\.cvar\.notify_all\(\),$/\1None => 0,/
