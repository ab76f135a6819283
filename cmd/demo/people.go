package main

import (
	"github.com/esgateway/esgateway/internal/standin"
	"github.com/esgateway/esgateway/internal/standin/idp"
)

// people can sign in at both of the demo's identity providers.
func people() []idp.Person {
	return []idp.Person{
		{Username: "alice", Password: "alice", FullName: "Alice Analyst", Email: "alice@example.com", Groups: []string{"analysts"}},
		{Username: "bob", Password: "bob", FullName: "Bob Admin", Email: "bob@example.com", Groups: []string{"admins"}},
	}
}

// account is the gateway's own account at Elasticsearch.
const account, accountPassword = "esgateway", "demo-only-password"

// reporter is a service's user at Elasticsearch, which has an API key.
const reporter, reporterPassword = "reporter", "demo-only-reporter"

func users() []standin.User {
	return []standin.User{
		{Name: account, Password: accountPassword, Roles: []string{"esgateway"}},
		{Name: reporter, Password: reporterPassword, Roles: []string{"reporter"}},
	}
}

// roles: the gateway's account has what the README says; people see what their
// role may read.
func roles() map[string]standin.Role {
	return map[string]standin.Role{
		"esgateway": {Cluster: []string{"manage_saml", "manage_oidc", "delegate_pki", "manage_token", "cluster:monitor/main", "cluster:monitor/health", "cluster:monitor/xpack/license/get"}},
		"analyst":   {Cluster: []string{"monitor"}, Indices: []standin.IndexPrivileges{{Names: []string{"reports"}, Privileges: []string{"read", "view_index_metadata"}}}},
		"reporter":  {Cluster: []string{"manage_own_api_key"}, Indices: []standin.IndexPrivileges{{Names: []string{"reports"}, Privileges: []string{"read"}}}},
		"admin":     {Cluster: []string{"monitor"}, Indices: []standin.IndexPrivileges{{Names: []string{"*"}, Privileges: []string{"read", "view_index_metadata"}}}},
	}
}

func roleMappings() []standin.RoleMapping {
	all := []standin.RoleMapping{{Realm: pkiRealm, Users: []string{robotName}, Roles: []string{"reporter"}}}
	for _, name := range []string{realm, oidcRealm} {
		all = append(all,
			standin.RoleMapping{Realm: name, Groups: []string{"analysts"}, Roles: []string{"analyst"}},
			standin.RoleMapping{Realm: name, Groups: []string{"admins"}, Roles: []string{"admin"}},
		)
	}
	return all
}

// documents are what there is to search: everybody reads the reports, only an
// admin reads the salaries.
func documents() map[string][]standin.Document {
	doc := func(id, title, text string) standin.Document {
		return standin.Document{ID: id, Source: map[string]any{"title": title, "text": text}}
	}
	return map[string][]standin.Document{
		"reports": {
			doc("1", "Quarterly report", "Sales in the north grew by a tenth, the south stayed level."),
			doc("2", "Incident review", "The search cluster was slow on Tuesday; a mapping was the cause."),
			doc("3", "Travel notes", "Trains between the offices run every half hour."),
		},
		"salaries": {
			doc("1", "Salaries of the north office", "Only admins see this document."),
			doc("2", "Salaries of the south office", "Only admins see this one, too."),
		},
	}
}
