// Package redis tests the store of type redis against real servers: a single one,
// Sentinel and Cluster, killed and restarted.
package redis
