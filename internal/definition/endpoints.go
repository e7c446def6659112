package definition

import (
	"net/url"
	"strings"

	"synccenter.dev/synccenter/api/v1alpha1"
)

// Endpoints are short names of where entries are read and written, for columns
// and messages. Example: LDAP hr.example.com.
func Endpoints(spec *v1alpha1.SyncTaskSpec) (source, target string) {
	names := make([]string, 0, len(spec.Sources))
	for i := range spec.Sources {
		name := string(spec.Sources[i].Type)
		if ldap := spec.Sources[i].LDAP; ldap != nil {
			name = endpoint(name, ldap.URLs)
		}
		names = append(names, name)
	}
	target = string(spec.Target.Type)
	if ldap := spec.Target.LDAP; ldap != nil {
		target = endpoint(target, ldap.URLs)
	}
	return strings.Join(names, ", "), target
}

// endpoint adds the first server's host, without account, path and query.
func endpoint(connector string, urls []string) string {
	if len(urls) == 0 {
		return connector
	}
	server, err := url.Parse(urls[0])
	if err != nil || server.Host == "" {
		return connector
	}
	return connector + " " + server.Host
}
