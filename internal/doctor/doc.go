// Package doctor is the engine of `gateway check`: it tries a configuration that
// is known to be well written against the world, and says what is wrong there
// and what to do, one line a check.
//
//	each ES node -> licence -> token service -> our account's privileges
//	-> each method's own diagnosis -> the gateway as a whole -> the session store
//
// It owns the order, the form of the lines, and the checks of what belongs to no
// method. It changes nothing: what it writes to the store it takes out again. Only the
// file of an embedded store stays, if there was none.
//
// Commands import it.
package doctor
