package doctor

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/esgateway/esgateway/internal/session"
)

// store writes a record, reads it and takes it out again. A store that another process
// has is no failure while a gateway runs here: an embedded one serves one process at a
// time, and /readyz speaks for it. For any other reason the next start would fail, too.
func (c *checkup) store(ctx context.Context) {
	const subject = "session store"
	store, err := c.ready.OpenStore(session.StoreDeps{Now: c.deps.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		if errors.Is(err, session.ErrInUse) && Alive(ctx, c.ready.Operations.Address) == nil {
			c.ok(subject, "is in use by the gateway that runs here; its /readyz tells how it is")
			return
		}
		c.fail(subject, err.Error(), "")
		return
	}
	remarks, err := examine(ctx, store, c.deps.Now())
	if err := errors.Join(err, store.Close()); err != nil {
		c.fail(subject, err.Error(), "")
		return
	}
	c.ok(subject, "opens, and keeps what is written to it")
	for _, r := range remarks {
		if r.Warning {
			c.line("warn", subject, r.Text+"; "+r.Advice)
		} else {
			c.ok(subject, r.Text)
		}
	}
}

// examine tries the store, and lets it speak of itself if it can.
func examine(ctx context.Context, store session.Store, now time.Time) ([]session.Remark, error) {
	if err := tryStore(ctx, store, now); err != nil {
		return nil, err
	}
	if d, ok := store.(session.Diagnoser); ok {
		return d.Diagnose(ctx)
	}
	return nil, nil
}

// trialLife is how long a record stays that a check could not take out again.
const trialLife = time.Minute

func tryStore(ctx context.Context, store session.Store, now time.Time) error {
	var key session.Key
	_, _ = rand.Read(key[:]) // never fails: crypto/rand ends the process instead
	want := []byte("gateway check")
	version, err := store.Save(ctx, key, session.Record{Sealed: want, Expires: now.Add(trialLife)})
	if err != nil {
		return fmt.Errorf("write a record: %w", err)
	}
	got, err := store.Load(ctx, key)
	if err == nil && !bytes.Equal(got.Sealed, want) {
		err = errors.New("it is not what was written")
	}
	if err != nil {
		err = fmt.Errorf("read a record: %w", err)
	}
	if gone := store.Delete(ctx, key, version); gone != nil {
		err = errors.Join(err, fmt.Errorf("delete a record: %w", gone))
	}
	return err
}
