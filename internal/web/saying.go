package web

import "github.com/esgateway/esgateway/internal/fault"

// saying is what a kind of failure says where its fault says nothing of its own.
type saying struct {
	title string // heading of the page
	text  string // what happened
	hint  string // what a person can do
	call  string // what a program can do; empty: the hint
}

// public is what an error says to people: the fault's own words, else its kind's.
func public(f *fault.Error, api bool) saying {
	said := sayingOf(f.Kind)
	if api && said.call != "" {
		said.hint = said.call
	}
	if f.Public != "" {
		said.text = f.Public
	}
	if f.Hint != "" {
		said.hint = f.Hint
	}
	return said
}

const (
	waitHint = "Wait a moment, then try again. If it goes on, give your administrator the request ID below."
	waitCall = "Try again after the time in Retry-After."
	tellHint = "Tell your administrator, and give the request ID below."
	tellCall = "Tell the administrator and quote request_id."
)

// sayingOf is written for the person who reads it: what happened, what to do.
func sayingOf(kind fault.Kind) saying {
	switch kind {
	case fault.BadRequest:
		return saying{
			title: "This address does not work",
			text:  "The request is incomplete or has a form that is not accepted here, so nothing was done.",
			hint:  "Check the address, or go back and try again. If a link has brought you here, tell its owner.",
			call:  "Check the form of the request.",
		}
	case fault.LoginRequired:
		return saying{
			title: "Please sign in",
			text:  "You are not signed in, or your session has ended.",
			hint:  "Sign in to go on.",
			call:  "Sign in, or send valid credentials in the Authorization header.",
		}
	case fault.Forbidden:
		return saying{
			title: "You do not have access",
			text:  "You are signed in, but your account may not use this.",
			hint:  "Ask your administrator for access, and give the request ID below. New rights count from your next sign-in.",
			call:  "Ask the administrator for access and quote request_id. New rights count from the next sign-in.",
		}
	case fault.NotFound:
		return saying{
			title: "There is nothing here",
			text:  "There is no page at this address.",
			hint:  "Check the address, or go back to where you came from.",
			call:  "Check the address.",
		}
	case fault.MethodNotAllowed:
		return saying{
			title: "This cannot be done here",
			text:  "There is something at this address, but it does not take this kind of request.",
			hint:  "Go back and try it another way.",
			call:  "Use one of the methods in the header Allow.",
		}
	case fault.TooLarge:
		return saying{
			title: "This is too large",
			text:  "What was sent is larger than what is accepted here, so nothing was done.",
			hint:  "Go back and send less at once.",
			call:  "Send less at once.",
		}
	default:
		return sayingOfSignIn(kind)
	}
}

// sayingOfSignIn has what goes wrong while somebody signs in or out.
func sayingOfSignIn(kind fault.Kind) saying {
	switch kind {
	case fault.NoRoles:
		return saying{
			title: "Your account has no access yet",
			text:  "Your sign-in worked, but your account has not been given any role.",
			hint:  "Ask your administrator for a role, then sign in again.",
			call:  "Ask the administrator for a role, then sign in again.",
		}
	case fault.SignInFailed:
		return saying{
			title: "The sign-in did not work",
			text:  "Your identity could not be confirmed, so you are not signed in.",
			hint:  "Try again. If it happens again, give your administrator the request ID below: the reason is noted beside it.",
			call:  "Check the credentials. The administrator finds the reason by request_id.",
		}
	case fault.SignInUnknown:
		return saying{
			title: "This sign-in is over",
			text:  "It was started in another browser, has been used already, or has taken too long.",
			hint:  "Start again from here. It helps to bookmark the page you want to see, not the one where you sign in.",
		}
	case fault.SignOutRefused:
		return saying{
			title: "You are still signed in here",
			text:  "Your identity provider wants to sign you out, and its message is not accepted.",
			hint:  "Sign out here on this site's own page, too. If it happens again, give your administrator the request ID below.",
			call:  "Sign the message, and send it once.",
		}
	case fault.CookiesBlocked:
		return saying{
			title: "Your browser kept no cookie",
			text:  "Signing in needs a cookie, and your browser did not send back the one that it was just given.",
			hint:  "Allow cookies for this site, then try again. Private windows and extensions may block them.",
		}
	case fault.TwoSessions:
		return saying{
			title: "Two different sessions",
			text:  "Your browser sent two different session cookies, so it is not clear who you are. Both have been removed.",
			hint:  "Try again, and sign in anew. If it happens again, another site of this domain may set cookies for this one: give your administrator the request ID below.",
			call:  "Send one session cookie.",
		}
	case fault.SignInLoop:
		return saying{
			title: "The sign-in does not last",
			text:  "You were signed in several times in a row, and each time the session was gone at the next page. It was stopped here, so that your browser does not go round in circles.",
			hint:  "Allow cookies for this site, close its other tabs, then try again. If it happens again, give your administrator the request ID below.",
		}
	case fault.CrossOrigin:
		return saying{
			title: "This came from another site",
			text:  "Nothing shows that the request was sent from a page of this site, so nothing was done.",
			hint:  "Open the page on this site, and do it again there.",
			call:  "Send the request from a page of the same origin, or without a cookie and with an Authorization header.",
		}
	default:
		return sayingOfOutage(kind)
	}
}

// sayingOfOutage has what is not the person's fault.
func sayingOfOutage(kind fault.Kind) saying {
	switch kind {
	case fault.Misconfigured:
		return saying{
			title: "Something is set up wrong",
			text:  "This is not your mistake: Elasticsearch does not accept the way it is asked here. Trying again will not help until an administrator has changed that.",
			hint:  tellHint,
			call:  tellCall,
		}
	case fault.UpstreamUnreachable:
		return saying{
			title: "The application does not answer",
			text:  "The application behind this address cannot be reached at the moment. Your sign-in is not affected.",
			hint:  waitHint,
			call:  waitCall,
		}
	case fault.UpstreamFailed:
		return saying{
			title: "The application broke off",
			text:  "The application behind this address broke off before it answered, so it is not known what it has done. Your sign-in is not affected.",
			hint:  "Look whether what you did is done, then try again. If it happens again, give your administrator the request ID below.",
			call:  "Find out whether the request was carried out before you send it again.",
		}
	case fault.UpstreamTimeout:
		return saying{
			title: "The application takes too long",
			text:  "The application behind this address has not answered in time. It may still be at work. Your sign-in is not affected.",
			hint:  "Look after a while whether what you did is done, then try again. If it happens again, give your administrator the request ID below.",
			call:  "Find out whether the request was carried out before you send it again.",
		}
	case fault.ElasticsearchUnavailable:
		return saying{
			title: "Elasticsearch does not answer",
			text:  "Elasticsearch cannot say at the moment who you are and what you may see. You have not been signed out.",
			hint:  waitHint,
			call:  waitCall,
		}
	case fault.StoreUnavailable:
		return saying{
			title: "Sessions cannot be read",
			text:  "The place where sign-ins are kept does not answer at the moment. You have not been signed out.",
			hint:  waitHint,
			call:  waitCall,
		}
	default:
		return saying{
			title: "Something went wrong here",
			text:  "The request could not be answered because of a mistake on our side.",
			hint:  "Try again. If it happens again, give your administrator the request ID below.",
			call:  tellCall,
		}
	}
}
