package ldap_test

import "encoding/base64"

// base64Of writes a value as LDIF wants it when it is not ASCII.
func base64Of(value string) string { return base64.StdEncoding.EncodeToString([]byte(value)) }
