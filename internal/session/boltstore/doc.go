// Package boltstore keeps sessions on the disk of one gateway: memory in front,
// one bbolt file behind. It is the default store.
//
//	Load, Find, Each ----------------> memory
//	                                     ^ shown, once it is
//	Save, Take, Delete, Sweep --> queue --> one transaction, synced
//
// Reads never touch the disk. Writes are judged in the order of their arrival
// against memory and what is about to be written, put into one transaction with
// all others that wait, synced, shown in memory, and only then answered. So what
// a caller was told survives kill -9, and nobody sees what is not on the disk.
//
// It owns the file and its format, and says in plain words what is wrong with
// either. It never deletes a file or a record by itself. It knows nothing about
// people, cookies or keys: package session moves sealed bytes into it.
//
// It is a plug-in: only internal/plugins and tests import it.
package boltstore
