package api

import (
	"net/url"
	"testing"
)

// TestWhereTheTokenGoes: the token goes to the service's own hosts by TLS, and to the
// machine's own when the service is there; photos go nowhere without TLS.
func TestWhereTheTokenGoes(t *testing.T) {
	for _, c := range []struct {
		base, to       string
		own, protected bool
	}{
		{CommercialAPI, "https://www.worksapis.com/upload/1", true, true},
		{CommercialAPI, "https://apis-storage.worksmobile.com/k/1?token=x", true, true},
		{CommercialAPI, "https://APIS-STORAGE.WORKSMOBILE.COM/k/1", true, true},
		{GovAPI, "https://storage.gov-naverworks.com/1", true, true},
		{CommercialAPI, "http://apis-storage.worksmobile.com/k/1", false, false},
		{CommercialAPI, "https://apis-storage.worksmobile.com.example/k/1", false, true},
		{CommercialAPI, "https://evilworksmobile.com/k/1", false, true},
		{CommercialAPI, "https://bucket.storage.example/k/1", false, true},
		{CommercialAPI, "http://127.0.0.1:8080/k/1", false, false},
		{"http://127.0.0.1:8080/v1.0", "http://127.0.0.1:8080/k/1", true, true},
		{"http://127.0.0.1:8080/v1.0", "http://127.0.0.1:9090/k/1", false, true},
		{"http://127.0.0.1:8080/v1.0", "http://localhost:8080/k/1", false, true},
		{"http://127.0.0.1:8080/v1.0", "http://storage.example/k/1", false, false},
		{"https://127.0.0.1:8080/v1.0", "http://127.0.0.1:8080/k/1", false, false},
		{"https://127.0.0.1:8080/v1.0", "ftp://127.0.0.1:8080/k/1", false, false},
	} {
		to, err := url.Parse(c.to)
		if err != nil {
			t.Fatal(err)
		}
		client := &Client{base: c.base}
		if own, protected := client.own(to), client.protected(to); own != c.own || protected != c.protected {
			t.Errorf("%s named by %s: own %v, protected %v; want %v, %v", c.to, c.base, own, protected, c.own, c.protected)
		}
	}
}
