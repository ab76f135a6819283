// Package session is the heart of the gateway: who is signed in, with which
// tokens, until when.
//
// It owns session ids and their cookies, the key ring and the sealing of all
// records at rest, the deadlines, the renewal of tokens once for everybody who
// waits, the judgement of whether a session is over (the table in
// docs/architecture.md), and what is still owed to Elasticsearch after an end.
//
//	cookie --> id --> Manager.Current --> Store.Load --> unseal --> alive(now)?
//	                       |                                           |
//	                  moved? (new id)                  Fresh: renew ahead, once
//
// Above a Store, which moves sealed bytes, stands the Vault, which seals and
// opens values of one purpose; above the Vault stand the Manager (sessions) and
// package login (attempts, burned marks, tickets). Who a request is, is decided
// in package gate; how a session begins, in package login.
package session
