/** Examples of answers as CSV, by endpoint: a header, a line for each row of the JSON answer, no data as an empty cell. */

export const CSV = {
  deploys: 'id,at,release,note\r\n' + '3f9c1b20d7e4,2026-11-21T08:12:40.000Z,2.4.0,new checkout\r\n',
  summary:
    'group.route,metric,unit,count,count_interval.low,count_interval.high,samples,effective_samples,percentiles.p75.value,' +
    'percentiles.p75.low,percentiles.p75.high,percentiles.p95.value,percentiles.p95.low,percentiles.p95.high,rating,shares.good,' +
    'shares.needs_improvement,shares.poor,other,rest,partial,missing_at_most,calls_left_out,error_free.value,error_free.low,' +
    'error_free.high,errors,error_rate,per_minute,error_rate_interval.low,error_rate_interval.high\r\n' +
    '/p/[id],lcp,ms,1072,,,1072,1072,2357.5,2233.36,2488.83,3262.56,3158.45,3370.51,good,0.7826,0.2174,0,,,,,,,,,,,,,\r\n' +
    '(rest),lcp,ms,1298,,,1298,1298,2153.48,2070.12,2257.01,2973.1,2834.2,3158.45,good,0.8505,0.1479,0.0016,,true,,,,,,,,,,,\r\n',
  timeseries:
    'time,metric,unit,count,count_interval.low,count_interval.high,samples,effective_samples,percentiles.p75.value,percentiles.p75.low,' +
    'percentiles.p75.high,rating,shares.good,shares.needs_improvement,shares.poor,other,rest,partial,missing_at_most,calls_left_out,' +
    'error_free.value,error_free.low,error_free.high,errors,error_rate,per_minute,error_rate_interval.low,error_rate_interval.high\r\n' +
    '2026-11-21T06:00:00.000Z,inp,ms,70,,,70,70,153.867,122.573,197.403,good,0.871,0.129,0,,,,,,,,,,,,,\r\n' +
    '2026-11-21T07:00:00.000Z,inp,ms,71,,,71,71,153.867,122.573,189.034,good,0.901,0.099,0,,,,,,,,,,,,,\r\n',
  trends:
    'metric,unit,before.value,before.low,before.high,before.count,before.count_interval.low,before.count_interval.high,before.samples,' +
    'before.effective_samples,before.partial,before.missing_at_most,before.calls_left_out,after.value,after.low,after.high,after.count,' +
    'after.count_interval.low,after.count_interval.high,after.samples,after.effective_samples,after.partial,after.missing_at_most,' +
    'after.calls_left_out,change.difference.value,change.difference.low,change.difference.high,change.ratio.value,change.ratio.low,' +
    'change.ratio.high,verdict,confidence,other,mix.key,mix.shares\r\n' +
    'lcp,ms,1982.41,1919.15,2048,2500,,,2500,2500,,,,1982.41,1919.15,2048,2400,,,2400,2400,,,,0,-91.1272,91.1272,0,-0.046,0.046,stable,' +
    '1,,,\r\n',
  changes:
    'group.route,group.device,group.country,group.browser,group.connection,group.navigation,group.release,group.endpoint,' +
    'group.tag:plan,metric,unit,before.value,before.low,before.high,before.count,before.count_interval.low,before.count_interval.high,' +
    'before.samples,before.effective_samples,before.partial,before.missing_at_most,before.calls_left_out,after.value,after.low,' +
    'after.high,after.count,after.count_interval.low,after.count_interval.high,after.samples,after.effective_samples,after.partial,' +
    'after.missing_at_most,after.calls_left_out,change.difference.value,change.difference.low,change.difference.high,' +
    'change.ratio.value,change.ratio.low,change.ratio.high,verdict,confidence,harmed,part_of.route,part_of.device,part_of.country,' +
    'part_of.browser,part_of.connection,part_of.navigation,part_of.release,part_of.endpoint,part_of.tag:plan\r\n' +
    '/p/[id],phone,,,,,,,,lcp,ms,1982.41,1799.29,2184.18,610,,,610,610,,,,3305.12,3034.55,3568.08,588,,,588,588,,,,1322.71,984.2,' +
    '1642.9,0.6672,0.4965,0.8287,degrading,0.9999,231,,,,,,,,,\r\n',
  delivery:
    'hour,accepted,stored,sampled_out,queued,late,failed,bots,ignored,lake_failed,tags_left_out.undeclared,tags_left_out.unfit,' +
    'refused.origin,refused.rate,refused.size,refused.field,refused.weight,estimated,busiest_share,lost.value,lost.low,lost.high,' +
    'shares.refused.value,shares.refused.low,shares.refused.high,shares.failed.value,shares.failed.low,shares.failed.high,' +
    'shares.bots.value,shares.bots.low,shares.bots.high\r\n' +
    '2026-11-20T08:00:00.000Z,171,170,0,0,1,0,2,0,0,12,0,0,0,0,1,0,false,0.0345,0.0274,0.0075,0.0949,' +
    '0.0057,0.001,0.0318,0,0,0.0216,0.0115,0.0032,0.0409\r\n' +
    '2026-11-21T08:00:00.000Z,64,64,0,0,0,0,0,0,0,0,0,2,210,0,0,0,false,0.8043,,,,0.7681,0.7149,0.814,0,0,0.055,0,0,0.055\r\n',
  errors:
    'kind,message,script,line,column,count,pageviews,samples,share,first_seen,last_seen,releases,browsers\r\n' +
    'error,TypeError: Cannot read properties of undefined (reading,/assets/cart.js,118,23,183,131,131,0.0159,2026-11-20T14:02:51.310Z,' +
    '2026-11-21T09:48:12.004Z,"[{""name"":""2.4.0"",""share"":1}]","[{""name"":""Chrome"",""share"":0.8931},{""name"":""Safari"",' +
    '""share"":0.1069}]"\r\n',
  causes:
    'target,event,url,count,samples,share,impact,p75.value,p75.low,p75.high,rating,shares.good,shares.needs_improvement,shares.poor,' +
    'parts.ttfb,parts.load_delay,parts.load_duration,parts.render_delay,parts.input_delay,parts.processing,parts.presentation,' +
    'script.url,script.invoker,script.duration,script.share,shift.score,shift.at,calls,advice.code,advice.text,advice.link\r\n' +
    'main>img#hero,,https://shop.example/img/hero.jpg,2140,1070,0.2597,0.1221,3416.05,3305.12,3528.91,needs-improvement,0.53,0.31,0.16,' +
    '512.4,1680.25,910.3,313.1,,,,,,,,,,"[{""endpoint"":""GET /api/products"",""share"":0.18,""waited"":420,""duration"":610}]",' +
    'image-found-late,"The browser learns of the image late: put it into the HTML, or preload it,' +
    ' with fetchpriority=""high"" and without loading=""lazy"".",https://web.dev/articles/optimize-lcp\r\n',
  bfcache:
    'reason,count,samples,share.value,share.low,share.high\r\n' +
    'unload-listener,412,412,0.321875,0.296847,0.347969\r\n' +
    'masked,96,96,0.075,0.061808,0.0907354\r\n',
  blocking:
    'host,count,samples,share,load,after,time_share,p75.value,p75.low,p75.high\r\n' +
    'tags.example,3120,1560,0.820189,126,30,0.65,226.314,219.98,233.1\r\n' +
    ',1790,895,0.470557,36,18,0.225,140.2,132.05,148.8\r\n',
  pageviews:
    'id,began,weight,route,navigation,release,device,country,browser,browser_version,os,connection,lcp,inp,cls,fcp,ttfb,phases.dns,' +
    'phases.connect,phases.request,phases.response,phases.interactive,phases.loaded,phases.load,server,trace.id,trace.url,' +
    'blocking.load,blocking.after,blocking.hosts,bfcache,why.lcp.target,why.lcp.url,why.lcp.parts.ttfb,why.lcp.parts.load_delay,' +
    'why.lcp.parts.load_duration,why.lcp.parts.render_delay,why.inp.target,why.inp.event,why.inp.at,why.inp.parts.input_delay,' +
    'why.inp.parts.processing,why.inp.parts.presentation,why.inp.script.url,why.inp.script.invoker,why.inp.script.duration,' +
    'why.cls.target,why.cls.score,why.cls.at,calls,calls_dropped,marks,tags.plan,errors,marks_dropped,errors_beyond,unreadable\r\n' +
    '8c1f0a6d22b94e07,2026-11-21T09:41:07.120Z,1,/p/[id],navigate,2.4.0,phone,DE,Chrome,156,Android,4g,4210,,0.02,1890,640,60,210,640,' +
    '700,1500,1540,4300,"{""app"":410}",4bf92f3577b34da6a3ce929d0e0e4736,https://tempo.example/trace/4bf92f3577b34da6a3ce929d0e0e4736,' +
    '240,60,"[{""load"":180,""after"":20,""host"":""tags.example""}]",,main>img.product,https://shop.example/img/7.jpg,640,1620,1700,' +
    '250,,,,,,,,,,,,,"[{""endpoint"":""GET /api/products/[id]"",""start"":980,""duration"":640,""outcome"":""ok"",""status"":200,' +
    '""ttfb"":590,""bytes"":2140,""server"":{""db"":480},""trace"":null,""waited"":640,""started"":false}]",0,[],pro,[],,,\r\n',
}
