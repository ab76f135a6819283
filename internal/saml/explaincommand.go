package saml

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/esgateway/esgateway/internal/login"
)

// explainCommand is `gateway explain saml FILE`.
func explainCommand() login.Command {
	return login.Command{
		Verb:    "explain",
		Usage:   "[--config FILE] [--method NAME] | --acs URL --entity-id ID [--issuer ID] [--principal-attribute NAME]  [--request-id ID] [--at TIME] FILE",
		Summary: "say what is wrong with a captured SAML response (FILE, or - for standard input)",
		Run:     runExplain,
	}
}

// explainFlags are the arguments.
type explainFlags struct {
	config, method                   string
	acs, entityID, issuer, principal string
	requestID, at, file              string
}

func (f *explainFlags) parse(c login.Call) error {
	flags := flag.NewFlagSet("gateway explain saml", flag.ContinueOnError)
	flags.StringVar(&f.config, "config", "", "the configuration `file`; Elasticsearch is asked what it expects")
	flags.StringVar(&f.method, "method", "", "the `name` of the method, where there are several")
	flags.StringVar(&f.acs, "acs", "", "without a configuration: sp.acs of the realm, a `URL`")
	flags.StringVar(&f.entityID, "entity-id", "", "without a configuration: sp.entity_id of the realm, an `ID`")
	flags.StringVar(&f.issuer, "issuer", "", "idp.entity_id of the realm, an `ID`")
	flags.StringVar(&f.principal, "principal-attribute", "", "attributes.principal of the realm, a `name`")
	flags.StringVar(&f.requestID, "request-id", "", "the `ID` of the request that should be answered")
	flags.StringVar(&f.at, "at", "", "when Elasticsearch judged it, a `time` like 2026-03-02T09:00:00Z; now, if not said otherwise")
	if err := c.Parse(flags); err != nil {
		return err
	}
	offline := f.acs != "" || f.entityID != ""
	switch {
	case flags.NArg() != 1:
		return login.Misused("one file is expected, got %d", flags.NArg())
	case offline && (f.config != "" || f.method != ""):
		return login.Misused("--acs and --entity-id are for where there is no configuration")
	}
	f.file = flags.Arg(0)
	return nil
}

func runExplain(ctx context.Context, c login.Call) error {
	var f explainFlags
	if err := f.parse(c); err != nil {
		return err
	}
	want, err := f.expects(ctx, c)
	if err != nil {
		return err
	}
	text, err := f.read(c.In)
	if err != nil {
		return err
	}
	message, err := captured(text)
	if err != nil {
		return fmt.Errorf("the response cannot be read: %s", shown(err.Error()))
	}
	answer, err := readResponse(message)
	if err != nil {
		return fmt.Errorf("the response cannot be read, so the gateway does not hand it on to Elasticsearch: %s", shown(err.Error()))
	}
	if issued := instant(answer.IssueInstant); f.at == "" && !issued.IsZero() && want.at.Sub(issued) > fresh {
		fmt.Fprintf(c.Err, "The response was issued at %s and is compared with the time now; --at TIME says when it was used.\n", printed(issued))
	}
	_, err = io.WriteString(c.Out, report(answer, want))
	return err
}

// expects is what the flags say, or what the configured method and Elasticsearch know.
func (f *explainFlags) expects(ctx context.Context, c login.Call) (expected, error) {
	want := expected{acs: f.acs, entityID: f.entityID, at: c.Now(), skew: usualSkew}
	if f.acs == "" && f.entityID == "" {
		m, err := f.configured(c)
		if err != nil {
			return want, err
		}
		if want, err = m.why.expects(ctx, ""); err != nil {
			fmt.Fprintf(c.Err, "Elasticsearch does not say what the realm %s expects, so less is compared: %s\n", m.realm, err)
		}
	}
	want.requestID = f.requestID
	if f.issuer != "" {
		want.issuer = f.issuer
	}
	if f.principal != "" {
		want.principal = f.principal
	}
	if f.at != "" {
		at, err := time.Parse(time.RFC3339, f.at)
		if err != nil {
			return want, login.Misused("--at %q is not a time like 2026-03-02T09:00:00Z", f.at)
		}
		want.at = at
	}
	return want, nil
}

// configured builds the method that is meant.
func (f *explainFlags) configured(c login.Call) (*Method, error) {
	site, err := c.Load(f.config)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, m := range site.Methods {
		if m.Name == f.method || f.method == "" && len(site.Methods) == 1 {
			built, err := m.Build()
			if err != nil {
				return nil, err
			}
			method, ok := built.(*Method)
			if !ok {
				return nil, errors.New("the method is not one of SAML")
			}
			return method, nil
		}
		names = append(names, m.Name)
	}
	if len(names) == 0 {
		return nil, login.Misused("the configuration has no method of type saml; say --acs and --entity-id")
	}
	return nil, login.Misused("say which method is meant: --method %s", strings.Join(names, "|"))
}

// fresh is how old a response may be that is looked at while somebody waits.
const fresh = 5 * time.Minute

// maxCaptured bounds a file: a form with everything escaped is three times as long.
const maxCaptured = 4 * maxMessage

func (f *explainFlags) read(in io.Reader) (string, error) {
	if f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return "", err
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxCaptured+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxCaptured {
		return "", fmt.Errorf("%s is longer than %d bytes", f.file, maxCaptured)
	}
	return string(text), nil
}

// captured finds the XML in what somebody has copied out of a browser: XML, its base64,
// a form with it, or a single escaped value.
func captured(text string) ([]byte, error) {
	text = strings.TrimSpace(strings.TrimPrefix(text, "\uFEFF"))
	if strings.HasPrefix(text, "<") {
		return []byte(text), nil
	}
	if i := strings.Index(text, "SAMLResponse="); i >= 0 {
		form, _ := url.ParseQuery(text[i:]) // what else stands there is not ours
		text = form.Get("SAMLResponse")
	} else if strings.Contains(text, "%") {
		plain, err := url.QueryUnescape(text)
		if err != nil {
			return nil, err
		}
		text = plain
	}
	return decode(text)
}
