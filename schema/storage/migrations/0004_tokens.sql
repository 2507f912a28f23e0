CREATE TABLE `tokens` (
	`site` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`hash` text NOT NULL,
	`created` integer NOT NULL,
	`expires` integer,
	PRIMARY KEY(`site`, `id`)
) STRICT, WITHOUT ROWID;
