package api

import (
	"context"
	"iter"
)

// Levels, positions and user types are three lists with one set of operations.
// Reads and writes are refused (403) while the feature is switched off.

func (c *Client) levels() catalogue[Level] {
	return catalogue[Level]{c, "directory-level", "levelId", "levels", true, func(x *Level) string { return x.LevelID }}
}

// Levels lists the levels of a company (directory-level-list).
func (c *Client) Levels(ctx context.Context, o ListOptions) iter.Seq2[*Level, error] {
	return c.levels().list(ctx, o)
}

// Level gets a level; domainID tells the company of an ExternalKey form, 0 for the token's own (directory-level-get).
func (c *Client) Level(ctx context.Context, domainID int, id string) (*Level, error) {
	return c.levels().get(ctx, domainID, id)
}

// CreateLevel creates a level from a Props or a *Level (directory-level-create).
func (c *Client) CreateLevel(ctx context.Context, body any) (*Level, error) {
	return c.levels().create(ctx, body)
}

// PutLevel replaces everything writable of a level (directory-level-update-put).
func (c *Client) PutLevel(ctx context.Context, id string, body any) (*Level, error) {
	return c.levels().write(ctx, "-update-put", id, body)
}

// PatchLevel changes the properties in patch (directory-level-update-patch).
func (c *Client) PatchLevel(ctx context.Context, id string, patch Props) (*Level, error) {
	return c.levels().write(ctx, "-update-patch", id, patch)
}

// DeleteLevel deletes a level; domainID tells the company of an ExternalKey form, 0 for the token's own (directory-level-delete).
func (c *Client) DeleteLevel(ctx context.Context, domainID int, id string) error {
	return c.levels().remove(ctx, domainID, id)
}

// EnableLevels switches the feature on for a company (directory-level-enable).
func (c *Client) EnableLevels(ctx context.Context, domainID int) error {
	return c.levels().enable(ctx, domainID)
}

// DisableLevels switches the feature off for a company (directory-level-disable). It deletes
// every level and the value of every member, for good.
func (c *Client) DisableLevels(ctx context.Context, domainID int) error {
	return c.levels().disable(ctx, domainID)
}

// LevelKeys lists external keys (directory-level-external-key-list).
func (c *Client) LevelKeys(ctx context.Context, o ListOptions) iter.Seq2[*KeyRow, error] {
	return c.levels().keys(ctx, o)
}

// SetLevelKeys changes up to MaxKeyChanges external keys (directory-level-external-key-create).
func (c *Client) SetLevelKeys(ctx context.Context, changes []KeyChange) error {
	return c.levels().setKeys(ctx, changes)
}

func (c *Client) positions() catalogue[Position] {
	return catalogue[Position]{c, "directory-position", "positionId", "positions", true, func(x *Position) string { return x.PositionID }}
}

// Positions lists the positions of a company (directory-position-list).
func (c *Client) Positions(ctx context.Context, o ListOptions) iter.Seq2[*Position, error] {
	return c.positions().list(ctx, o)
}

// Position gets a position; domainID tells the company of an ExternalKey form, 0 for the token's own (directory-position-get).
func (c *Client) Position(ctx context.Context, domainID int, id string) (*Position, error) {
	return c.positions().get(ctx, domainID, id)
}

// CreatePosition creates a position from a Props or a *Position (directory-position-create).
func (c *Client) CreatePosition(ctx context.Context, body any) (*Position, error) {
	return c.positions().create(ctx, body)
}

// PutPosition replaces everything writable of a position (directory-position-update-put).
func (c *Client) PutPosition(ctx context.Context, id string, body any) (*Position, error) {
	return c.positions().write(ctx, "-update-put", id, body)
}

// PatchPosition changes the properties in patch (directory-position-update-patch).
func (c *Client) PatchPosition(ctx context.Context, id string, patch Props) (*Position, error) {
	return c.positions().write(ctx, "-update-patch", id, patch)
}

// DeletePosition deletes a position; domainID tells the company of an ExternalKey form, 0 for the token's own (directory-position-delete).
func (c *Client) DeletePosition(ctx context.Context, domainID int, id string) error {
	return c.positions().remove(ctx, domainID, id)
}

// EnablePositions switches the feature on for a company (directory-position-enable).
func (c *Client) EnablePositions(ctx context.Context, domainID int) error {
	return c.positions().enable(ctx, domainID)
}

// DisablePositions switches the feature off for a company (directory-position-disable). It deletes
// every position and the value of every member, for good.
func (c *Client) DisablePositions(ctx context.Context, domainID int) error {
	return c.positions().disable(ctx, domainID)
}

// PositionKeys lists external keys (directory-position-external-key-list).
func (c *Client) PositionKeys(ctx context.Context, o ListOptions) iter.Seq2[*KeyRow, error] {
	return c.positions().keys(ctx, o)
}

// SetPositionKeys changes up to MaxKeyChanges external keys (directory-position-external-key-create).
func (c *Client) SetPositionKeys(ctx context.Context, changes []KeyChange) error {
	return c.positions().setKeys(ctx, changes)
}

func (c *Client) userTypes() catalogue[UserType] {
	return catalogue[UserType]{c, "directory-user-type", "userTypeId", "userTypes", false, func(x *UserType) string { return x.UserTypeID }}
}

// UserTypes lists the user types of a company (directory-user-type-list).
func (c *Client) UserTypes(ctx context.Context, o ListOptions) iter.Seq2[*UserType, error] {
	return c.userTypes().list(ctx, o)
}

// UserType gets a user type (directory-user-type-get).
func (c *Client) UserType(ctx context.Context, id string) (*UserType, error) {
	return c.userTypes().get(ctx, 0, id)
}

// CreateUserType creates a user type from a Props or a *UserType (directory-user-type-create).
func (c *Client) CreateUserType(ctx context.Context, body any) (*UserType, error) {
	return c.userTypes().create(ctx, body)
}

// PutUserType replaces everything writable of a user type (directory-user-type-update-put).
func (c *Client) PutUserType(ctx context.Context, id string, body any) (*UserType, error) {
	return c.userTypes().write(ctx, "-update-put", id, body)
}

// PatchUserType changes the properties in patch (directory-user-type-update-patch).
func (c *Client) PatchUserType(ctx context.Context, id string, patch Props) (*UserType, error) {
	return c.userTypes().write(ctx, "-update-patch", id, patch)
}

// DeleteUserType deletes a user type (directory-user-type-delete).
func (c *Client) DeleteUserType(ctx context.Context, id string) error {
	return c.userTypes().remove(ctx, 0, id)
}

// EnableUserTypes switches the feature on for a company (directory-user-type-enable).
func (c *Client) EnableUserTypes(ctx context.Context, domainID int) error {
	return c.userTypes().enable(ctx, domainID)
}

// DisableUserTypes switches the feature off for a company (directory-user-type-disable). It deletes
// every user type and the value of every member, for good.
func (c *Client) DisableUserTypes(ctx context.Context, domainID int) error {
	return c.userTypes().disable(ctx, domainID)
}

// UserTypeKeys lists external keys (directory-user-type-external-key-list).
func (c *Client) UserTypeKeys(ctx context.Context, o ListOptions) iter.Seq2[*KeyRow, error] {
	return c.userTypes().keys(ctx, o)
}

// SetUserTypeKeys changes up to MaxKeyChanges external keys (directory-user-type-external-key-create).
func (c *Client) SetUserTypeKeys(ctx context.Context, changes []KeyChange) error {
	return c.userTypes().setKeys(ctx, changes)
}
