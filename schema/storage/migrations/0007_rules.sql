CREATE TABLE `rules` (
	`site` text NOT NULL,
	`since` integer NOT NULL,
	`naming` text NOT NULL,
	PRIMARY KEY(`site`, `since`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
ALTER TABLE `intake` ADD `ignored` integer DEFAULT 0 NOT NULL;