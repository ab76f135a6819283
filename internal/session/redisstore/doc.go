// Package redisstore keeps sessions in Redis or Valkey, shared by any number of
// gateways: a single server, Sentinel or Cluster.
//
//	Load    from this process's memory where the server tells of changes (client-side
//	        caching); one round trip else
//	writes  a script on the server compares and writes in one step; then, on the same
//	        connection, the replicas are waited for, so that a primary that dies
//	        takes no confirmed write with it
//	Find    a sorted set for each label: members are keys, scores their expiry
//
// The server sees sealed bytes and hashes. Whoever can write to it can destroy
// sessions, but forge none.
//
// It owns the layout in Redis and how it is read and written. It does not know
// what is in a record, and starts nothing again that may have happened.
package redisstore
