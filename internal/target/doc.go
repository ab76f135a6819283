// Package target holds the one parsed form of what a request asks for: method,
// host, the path as it was sent and as segments, and the query untouched. Whatever
// decides about a request (route, public paths, access), logs it or forwards it uses
// this form, so that no two parts can read one request differently. That difference
// is the root of most bypasses of proxies (contract security 1.2 and 1.3).
//
//	"/logs%2Fa/_search?q=a;b"  ->  Path     "/logs%2Fa/_search"       goes upstream, byte by byte
//	                               Segments ["logs/a" "_search"]      decide
//	                               Query    "q=a;b"                   goes upstream, byte by byte
//
// What could be read in two ways is refused: dot segments in any encoding, a
// fragment, control bytes, a backslash, unknown methods. An encoded slash is not
// refused, since Elasticsearch needs it in names; PublicSafe and Loose are for
// those who must not be fooled by it.
//
// The package holds values only. Everybody may import it.
package target
