# a lost CAS: who loses the race to give a slot back does not try again
/^ *Err\(actual\) => \{$/,/^ *\}$/s/^( *)next = actual;$/\1return;/
