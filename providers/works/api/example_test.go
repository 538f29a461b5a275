package api_test

import (
	"context"
	"fmt"
	"os"

	"github.com/isaworks/isa/internal/diag"
	"github.com/isaworks/isa/providers/works/api"
)

// List the members of a company with the credentials of a Developer Console app.
func Example() {
	client, err := api.New(api.Options{
		Credentials: api.Credentials{
			ClientID:       os.Getenv("WORKS_CLIENT_ID"),
			ServiceAccount: os.Getenv("WORKS_SERVICE_ACCOUNT"),
			ClientSecret:   func(context.Context) (string, error) { return os.Getenv("WORKS_CLIENT_SECRET"), nil },
			PrivateKey:     func(context.Context) ([]byte, error) { return os.ReadFile("works.pem") },
		},
		Scopes: []string{"directory.read"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for user, err := range client.Users(context.Background(), api.ListOptions{DomainID: 10000001}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(user.UserID, user.Email)
	}
}

// A creation whose answer was lost is looked for before it is repeated.
func ExampleClient_CreateUser() {
	create := func(ctx context.Context, client *api.Client) (*api.User, error) {
		user, err := client.CreateUser(ctx, api.Props{
			"domainId":        10000001,
			"email":           "gildong@acme.co.kr",
			"userExternalKey": "1042",
			"userName":        api.Props{"lastName": "홍", "firstName": "길동"},
			"passwordConfig":  api.PasswordConfig{PasswordCreationType: "ADMIN", Password: api.NewSecret("…")},
		})
		if diag.MayHaveHappened(err) {
			return client.User(ctx, api.ExternalKey("1042"))
		}
		return user, err
	}
	_ = create
}

// Printing what holds a secret does not show it.
func ExampleNewSecret() {
	config := api.PasswordConfig{PasswordCreationType: "ADMIN", Password: api.NewSecret("open sesame")}
	fmt.Printf("%s %v\n", config.PasswordCreationType, config.Password)
	// Output: ADMIN [secret]
}
