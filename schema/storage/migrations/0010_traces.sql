ALTER TABLE `pageviews` ADD `server` text;--> statement-breakpoint
ALTER TABLE `pageviews` ADD `trace` text;--> statement-breakpoint
ALTER TABLE `sites` ADD `trace_link` text;