# a lost CAS: the loser of the race for a bucket goes on with its own
/^ *Err\(bucket_ptr\) => \{$/,/^ *\}$/{
/^ *unsafe \{ deallocate_bucket\(new_bucket, thread\.bucket_size\(\)\) \}$/d
s/^( *)bucket_ptr$/\1new_bucket/
}
