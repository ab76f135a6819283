package login

import (
	"context"
	"errors"
	"time"

	"github.com/esgateway/esgateway/internal/fault"
	"github.com/esgateway/esgateway/internal/session"
)

// visit is one use of a callback, by one browser: the Attempts that its method gets,
// and what is remembered of it afterwards.
type visit struct {
	flow    *Flow
	method  *Configured
	browser browser
	known   bool // the browser's cookie came; otherwise its key is new

	taken  *Attempt      // what Take has given out; nil: nothing
	used   used          // the record of taken
	begun  session.ID    // the session that came of it, if signedIn
	signed bool          // a session came of it
	claims []session.Key // what Once has claimed
}

const (
	purposeUsed  = "used"
	purposeClaim = "claim"
	// usedLife is how long it is remembered what came of an attempt.
	usedLife = 60 * time.Second
	// usedWait is how long the second to come with an answer waits for what comes of
	// the first: as long as ES may take.
	usedWait = 30 * time.Second
	// usedWatch is how often it looks.
	usedWatch = 20 * time.Millisecond
)

// used is what remains of an attempt for a minute after it was taken.
type used struct {
	Next    string  `json:"next"`
	For     string  `json:"for,omitempty"`
	Browser string  `json:"browser"`
	Outcome outcome `json:"outcome,omitempty"`
	// Session is the id of the session that came of it. It is a secret that the same
	// browser has got already, or is about to.
	Session string `json:"session,omitempty"`

	key     session.Key
	version uint64
}

// outcome is what came of an attempt that was taken.
type outcome string

const (
	outcomeOpen    outcome = "" // not known yet
	outcomeSession outcome = "session"
	outcomeFailed  outcome = "failed"
	outcomeOutage  outcome = "outage" // ES or the store did not answer: it may be tried once more
)

// unusable is why an attempt could not be taken. next is where the person wanted to
// go, if that is known and it is the same browser; restart asks for one new sign-in.
type unusable struct {
	next    wanted
	restart bool
	session string // the session that came of it, for the same browser
	why     string
}

func (u *unusable) Error() string { return "attempt: " + u.why }

// Take implements Attempts. An attempt of another browser is left where it is: an
// attacker who makes a victim post an answer burns nothing. The note that it is used
// is written before it is taken, so that whoever comes second finds one of the two.
func (v *visit) Take(ctx context.Context, id string) (Attempt, error) {
	f := v.flow
	key := attemptKey(purposeAttempt, v.method.Name, id)
	var a Attempt
	_, err := f.vault.Load(ctx, purposeAttempt, key, &a)
	switch {
	case errors.Is(err, session.ErrNotFound):
		return Attempt{}, v.gone(ctx, id)
	case err != nil:
		return Attempt{}, storeFault(err)
	case !v.known || a.Browser != v.browser.key:
		return Attempt{}, &unusable{restart: true, why: "it belongs to another browser"}
	}
	if err := v.note(ctx, id, a); err != nil {
		return Attempt{}, err
	}
	if _, err = f.vault.Take(ctx, purposeAttempt, key, &a); err != nil {
		v.settle(ctx, outcomeOutage)
		if errors.Is(err, session.ErrNotFound) {
			return Attempt{}, &unusable{restart: true, next: a.wanted(), why: "it had to make room for a newer one"}
		}
		return Attempt{}, storeFault(err)
	}
	f.attempts.Add(-1)
	v.taken = &a
	if a.Realm != v.method.Realm {
		return Attempt{}, &unusable{restart: true, next: a.wanted(), why: "the method's realm has changed meanwhile"}
	}
	return a, nil
}

// note writes down that an attempt is used. Exactly one can.
func (v *visit) note(ctx context.Context, id string, a Attempt) error {
	v.used = used{Next: a.Next, For: a.For, Browser: a.Browser, key: attemptKey(purposeUsed, v.method.Name, id)}
	version, err := v.flow.vault.Save(ctx, purposeUsed, v.used.key, v.used, session.Entry{Expires: v.flow.now().Add(usedLife)})
	if errors.Is(err, session.ErrConflict) {
		return v.gone(ctx, id)
	}
	if err != nil {
		return storeFault(err)
	}
	v.used.version = version
	return nil
}

// settle writes down what came of the attempt, for those who come second. It is
// nothing that the first one must hear of.
func (v *visit) settle(ctx context.Context, what outcome) {
	v.used.Outcome = what
	if v.signed {
		v.used.Session = v.begun.Reveal()
	}
	entry := session.Entry{Expires: v.flow.now().Add(usedLife), Version: v.used.version}
	if _, err := v.flow.vault.Save(context.WithoutCancel(ctx), purposeUsed, v.used.key, v.used, entry); err != nil {
		v.flow.log.WarnContext(ctx, "what came of a sign-in was not noted; the same answer once more starts a new one", "error.message", err.Error())
	}
}

// conclude ends the visit: err is why there is no session.
func (v *visit) conclude(ctx context.Context, err error) {
	if v.taken != nil {
		switch {
		case v.signed:
			v.settle(ctx, outcomeSession)
		case isOutage(err):
			v.settle(ctx, outcomeOutage)
		default:
			v.settle(ctx, outcomeFailed)
		}
	}
	if err == nil {
		return
	}
	for _, key := range v.claims {
		if err := v.flow.vault.Delete(context.WithoutCancel(ctx), key, 0); err != nil && !errors.Is(err, session.ErrNotFound) {
			v.flow.log.WarnContext(ctx, "the claim on a message that was refused is kept", "error.message", err.Error())
		}
	}
}

func isOutage(err error) bool {
	return fault.Is(err, fault.ElasticsearchUnavailable) || fault.Is(err, fault.StoreUnavailable)
}

// gone says what is known of an attempt that is not there. For the same browser it
// waits for what comes of it.
func (v *visit) gone(ctx context.Context, id string) error {
	unknown := &unusable{restart: true, why: "it is unknown or too old"}
	u, err := v.outcomeOf(ctx, id)
	if errors.Is(err, session.ErrNotFound) {
		return unknown
	}
	if err != nil {
		return storeFault(err)
	}
	if !v.known || u.Browser != v.browser.key {
		return unknown
	}
	next := wanted{u.Next, u.For}
	switch u.Outcome {
	case outcomeSession:
		return &unusable{next: next, session: u.Session, why: "it was used a moment ago"}
	case outcomeFailed:
		return &unusable{next: next, why: "it was used a moment ago, and refused"}
	default:
		return &unusable{next: next, restart: true, why: "it was lost in an outage"}
	}
}

// outcomeOf reads what came of an attempt. Another browser does not wait for it.
func (v *visit) outcomeOf(ctx context.Context, id string) (used, error) {
	ctx, cancel := context.WithTimeout(ctx, usedWait)
	defer cancel()
	for {
		var u used
		_, err := v.flow.vault.Load(ctx, purposeUsed, attemptKey(purposeUsed, v.method.Name, id), &u)
		if err != nil || u.Outcome != outcomeOpen || u.Browser != v.browser.key {
			return u, err
		}
		if pause(ctx, usedWatch) != nil {
			return u, nil // nobody knows; it may have ended with its node
		}
	}
}

// pause waits, or returns early with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()
	return ctx.Err()
}

// Once implements Attempts.
func (v *visit) Once(ctx context.Context, id string, until time.Time) (bool, error) {
	key := session.KeyOf(purposeClaim, v.method.Realm+"\x00"+id)
	_, err := v.flow.vault.Save(ctx, purposeClaim, key, struct{}{}, session.Entry{Expires: until})
	if errors.Is(err, session.ErrConflict) {
		return false, nil
	}
	if err != nil {
		return false, storeFault(err)
	}
	v.claims = append(v.claims, key)
	return true, nil
}

// Unsolicited implements Attempts.
func (v *visit) Unsolicited(next string) Attempt {
	return Attempt{
		Method: v.method.Name, Realm: v.method.Realm, Next: v.flow.proven(next), Browser: v.browser.key, Started: v.flow.now(),
	}
}
